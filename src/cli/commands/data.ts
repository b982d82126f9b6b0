import { Command } from "commander";
import { fetchCommand } from "./data/fetch.js";
import { listCommand } from "./data/list.js";

/** `lenet data`: what there is to train on. */
export function dataCommand(): Command {
  return new Command("data")
    .description("list the known data sets, download them")
    .addCommand(listCommand())
    .addCommand(fetchCommand());
}
