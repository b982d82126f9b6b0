import { threads } from "lenet/browser";
import { train } from "./program.js";

train(threads(2)).then(postMessage, ({ message }) => postMessage({ error: message }));
