// Prints what `measure` finds, for engines with a command line.
import { enableFusedArithmetic, threads } from "../../dist/node/index.js";
import { measure } from "./program.js";

enableFusedArithmetic();
process.stdout.write(JSON.stringify(await measure(threads)));
