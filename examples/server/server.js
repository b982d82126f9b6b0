// Classifies uploaded images: curl --data-binary @image.png http://localhost:3000
// Start: node server.js [WEIGHTS]; without weights, it first trains on generated digits.

import { createServer } from "node:http";
import { fit, LeNet5, predict } from "lenet";
import { generateDigits } from "lenet/data";
import { decodeImage, ImageError, loadWeights, threads } from "lenet/node";

const MOST_BYTES = 10_000_000;
const [weights] = process.argv.slice(2);
const network = weights ? LeNet5.from(await loadWeights(weights)) : await trainOnDigits();

async function trainOnDigits() {
  const dataset = generateDigits({ seed: 0, count: 5000, part: "train" });
  const network = LeNet5.create({ classes: dataset.classes, seed: 0 });
  for await (const { epoch } of fit(network, dataset, { epochs: 4, threads: threads() })) console.log(`epoch ${epoch}`);
  return network;
}

/** The body of a request; undefined if it is longer than MOST_BYTES. */
async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The response to a request: status and JSON. */
async function answer(request) {
  if (request.method !== "POST") return [405, { error: "POST the bytes of an image" }];
  const body = await readBody(request);
  if (!body) return [413, { error: `an image has at most ${MOST_BYTES} bytes` }];
  try {
    const { label, probabilities } = await predict(network, await decodeImage(body));
    return [200, { label, probabilities }];
  } catch (error) {
    // The message says in one line what is wrong with the image.
    if (error instanceof ImageError) return [400, { error: error.message }];
    throw error;
  }
}

const server = createServer(async (request, response) => {
  try {
    const [status, json] = await answer(request);
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(json));
  } catch (error) {
    console.error(error);
    response.writeHead(500, { "Content-Type": "application/json" }).end('{"error":"internal error"}');
  }
});

server.listen(process.env.PORT ?? 3000, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
