import { InvalidArgumentError, Option } from "commander";
import { DEFAULT_NAME } from "../sweep/queue/client.js";

/** Parses the address of a queue. @throws InvalidArgumentError if it is none */
export function queueUrl(text: string): string {
  if (URL.canParse(text) && ["redis:", "rediss:"].includes(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("It must be redis://HOST or rediss://HOST, with a port if it is not 6379.");
}

/** The name space of a queue. */
export const queueNameOption = () =>
  new Option("--queue-name <name>", "name space: sweeps and workers with other names do not meet")
    .argParser(queueName)
    .default(DEFAULT_NAME);

function queueName(text: string): string {
  if (/^[\w.-]{1,100}$/.test(text)) return text;
  throw new InvalidArgumentError("It must consist of letters, digits, dots, dashes and underscores.");
}
