import { Command } from "commander";
import { fetchCommand } from "./data/fetch.js";
import { listCommand } from "./data/list.js";
import { previewCommand } from "./data/preview.js";

/** `lenet data`: what there is to train on. */
export function dataCommand(): Command {
  return new Command("data")
    .description("list the known data sets, download them, look at any")
    .addCommand(listCommand())
    .addCommand(fetchCommand())
    .addCommand(previewCommand());
}
