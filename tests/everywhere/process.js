// For runtimes with a command line: also threads of Node, and images.
import { readFile } from "node:fs/promises";
import { decodeImage, encodePng, ImageDecoder, threads } from "lenet/node";
import { train } from "./program.js";

const result = await train(threads(2));
const png = await encodePng(Uint8Array.of(1, 2, 3, 4, 5, 6), 3, 2);
const decoder = new ImageDecoder({ threads: 1 });
const images = [await decodeImage(png), await decoder.decode(png)];
decoder.close();
for (const { rgba } of images) if (rgba[4] !== 2) throw new Error("an image is decoded wrongly");
if ((await decodeImage(await readFile("color.jpg"))).width !== 19) throw new Error("a JPEG is decoded wrongly");
process.stdout.write(`${JSON.stringify(result)}\n`);
