// The contestant of serve.mjs: a model in onnxruntime-node behind Fastify, as one would write it: one run per request.
// Usage: node onnxServer.mjs MODEL.onnx; prints its address.

import { decode } from "fast-png";
import Fastify from "fastify";
import { InferenceSession, Tensor } from "onnxruntime-node";

const [path] = process.argv.slice(2);
const session = await InferenceSession.create(path, { executionProviders: ["cpu"], intraOpNumThreads: 1 });
const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

async function logitsOf(pixels) {
  const values = new Float32Array(784);
  for (let index = 0; index < 784; index++) values[index] = (pixels[index] / 255 - 0.5) / 0.5;
  const { logits } = await session.run({ input: new Tensor("float32", values, [1, 1, 28, 28]) });
  return logits.data;
}

app.post("/predict", async ({ body }) => {
  const logits = await logitsOf(decode(body).data);
  return { class: logits.indexOf(Math.max(...logits)), logits: Array.from(logits) };
});
app.post("/v2/models/digits/infer", async ({ body, headers }, reply) => {
  const logits = await logitsOf(body.subarray(Number(headers["inference-header-content-length"])));
  reply.type("application/octet-stream");
  return Buffer.from(logits.buffer, logits.byteOffset, logits.byteLength);
});
console.log(await app.listen({ port: 0, host: "127.0.0.1" }));
