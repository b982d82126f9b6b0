import { readFile } from "node:fs/promises";
import { decodeImage, encodePng, threads } from "lenet/node";
import { train } from "../../../program.js";

export const dynamic = "force-dynamic";

export async function GET() {
  try {
    const { rgba } = await decodeImage(await encodePng(Uint8Array.of(1, 2), 2, 1));
    if (rgba[4] !== 2) throw new Error("an image is decoded wrongly");
    if ((await decodeImage(await readFile("color.jpg"))).width !== 19) throw new Error("a JPEG is decoded wrongly");
    return Response.json(await train(threads(2)));
  } catch ({ message }) {
    return Response.json({ error: message });
  }
}
