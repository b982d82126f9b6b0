// The page: you draw, the worker answers.

import { decodeImage } from "lenet/browser";

const [status, canvas, clear, file, answer] = ["status", "canvas", "clear", "file", "answer"].map((id) =>
  document.getElementById(id),
);
const context = canvas.getContext("2d", { willReadFrequently: true });
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

worker.addEventListener("message", ({ data }) => {
  if (data.status) status.textContent = data.status;
  if (data.prediction) {
    const { label, probabilities } = data.prediction;
    answer.textContent = `It is a ${label}, at ${(100 * Math.max(...probabilities)).toFixed(0)} %.`;
  }
});

/** Sends an image to the worker, which answers once the network is trained. */
function ask(image) {
  worker.postMessage(image);
}

context.lineWidth = 24;
context.lineCap = "round";
context.strokeStyle = "white";
canvas.addEventListener("pointerdown", ({ offsetX, offsetY }) => {
  context.beginPath();
  context.moveTo(offsetX, offsetY);
});
canvas.addEventListener("pointermove", ({ buttons, offsetX, offsetY }) => {
  if (buttons === 0) return;
  context.lineTo(offsetX, offsetY);
  context.stroke();
});
canvas.addEventListener("pointerup", () => ask(context.getImageData(0, 0, canvas.width, canvas.height)));

clear.addEventListener("click", () => context.clearRect(0, 0, canvas.width, canvas.height));
file.addEventListener("change", async () => {
  if (file.files.length > 0) ask(await decodeImage(file.files[0]));
});
