import type { Command } from "commander";
import { dataMeantBy } from "../node/openData.js";
import { suggestion } from "./text.js";

/**
 * What is wrong with the words of a command, in one line, from commander's message about it.
 *
 * @param gridKeys the settings that `--set` takes, and that are no options of a command that has it
 */
export function describeWrongUsage(text: string, command: Command, gridKeys: readonly string[]): string {
  // Commander puts its suggestion on a second line.
  const [first, suggested = ""] = text.trim().split("\n");
  const message = first.replace(/^error: /, "").replace(/\.$/, "");
  if (message.startsWith("too many arguments"))
    return unexpected(command.args[command.registeredArguments.length], command);
  const [, flag] = /^unknown option '--(.*)'$/.exec(message) ?? [];
  const isSwept = gridKeys.includes(flag) && hasOption(command, "--set");
  if (isSwept) return `${message} (Did you mean --set ${flag}=…?)`;
  const [, argument, name, rule] =
    /^command-argument value '(.*)' is invalid for argument '(.*)'\. (.*)$/.exec(message) ?? [];
  const said = argument === undefined ? message : `argument '${argument}' is invalid for <${name}>. ${rule}`;
  return suggested === "" ? said + similarChoice(said) : `${said} ${suggested}`;
}

/** An argument that a command does not take, such as a data set's name without its option. */
function unexpected(argument: string, command: Command): string {
  const data = hasOption(command, "--data") ? dataMeantBy(argument) : undefined;
  return `unexpected argument '${argument}'${data === undefined ? "" : ` (Did you mean --data ${data}?)`}`;
}

/** The one of the allowed choices that was probably meant, as a question. */
function similarChoice(message: string): string {
  const [, given, choices] = /'([^']*)' is invalid.* Allowed choices are (.*)$/.exec(message) ?? [];
  return given === undefined || choices.endsWith("?)") ? "" : suggestion(given, choices.split(", "));
}

function hasOption(command: Command, long: string): boolean {
  return command.options.some((option) => option.long === long);
}
