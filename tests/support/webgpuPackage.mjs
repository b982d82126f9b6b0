// Loaded before the program: lets it find the npm package `webgpu` in the folder $LENET_WEBGPU.
import { register } from "node:module";
import { pathToFileURL } from "node:url";

const hooks = (folder) => `
export async function resolve(specifier, context, next) {
  if (specifier !== "webgpu") return next(specifier, context);
  return { url: ${JSON.stringify(pathToFileURL(`${folder}/index.js`).href)}, shortCircuit: true };
}`;

const folder = process.env.LENET_WEBGPU;
if (folder) register(`data:text/javascript,${encodeURIComponent(hooks(folder))}`);
