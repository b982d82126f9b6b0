import { canShareMemory, threads } from "../../dist/browser/index.js";
import { measure } from "./program.js";

const result = await measure(canShareMemory() ? threads : undefined);
await fetch("/result", { method: "POST", body: JSON.stringify(result) });
