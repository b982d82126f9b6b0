import { Command } from "commander";
import { fetchCommand } from "./data/fetch.js";
import { listCommand } from "./data/list.js";
import { previewCommand } from "./data/preview.js";

/** `lenet data`: the data sets to train on. */
export function dataCommand(): Command {
  return new Command("data")
    .description("list, download and preview data sets")
    .addCommand(listCommand())
    .addCommand(fetchCommand())
    .addCommand(previewCommand());
}
