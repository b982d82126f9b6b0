import { Argument, Command, type Option } from "commander";
import { messages } from "../messages/index.js";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** The commands that install the script. */
const INSTALL: Readonly<Record<Shell, string>> = {
  bash: "lenet completion bash > ~/.local/share/bash-completion/completions/lenet",
  zsh: `lenet completion zsh > "\${fpath[1]}/_lenet"`,
  fish: "lenet completion fish > ~/.config/fish/completions/lenet.fish",
};

/**
 * `lenet completion`: a script for a shell that completes commands, options and their values.
 *
 * @param program the commands to complete
 */
export function completionCommand(program: Command): Command {
  return new Command("completion")
    .description("print a script that completes commands and options in bash, zsh or fish")
    .addArgument(new Argument("<shell>", "shell").choices(SHELLS))
    .addHelpText("after", `\n${messages.installCompletion}\n${SHELLS.map((shell) => `  ${INSTALL[shell]}`).join("\n")}`)
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell](commandsOf(program, [])));
    });
}

/** What can be completed after some commands, such as "data fetch". */
interface Completed {
  /** The words that lead to it, without the program's name. */
  readonly path: readonly string[];
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** The choices of its first argument, if it has any. */
  readonly choices: readonly string[];
}

interface CompletedOption {
  /** Without the dashes. */
  readonly name: string;
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

function commandsOf(command: Command, path: readonly string[]): Completed[] {
  const subcommands = command.commands.map((one) => ({
    name: one.name(),
    description: firstClause(one.description()),
  }));
  const { visibleOptions } = { visibleOptions: command.createHelp().visibleOptions(command) };
  const own: Completed = {
    path,
    subcommands,
    options: visibleOptions.flatMap((option) => completedOption(option)),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [own, ...command.commands.flatMap((one) => commandsOf(one, [...path, one.name()]))];
}

function completedOption({ long, description, required, optional, argChoices = [] }: Option): CompletedOption[] {
  if (!long) return [];
  const takesValue = required || optional;
  return [{ name: long.slice(2), description: firstClause(description), takesValue, choices: argChoices }];
}

/** The beginning of a description, which fits beside an option. */
function firstClause(description: string): string {
  return description.split(/[:;(,]/, 1)[0].trim();
}

/** A text in single quotes for a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Completed[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The commands that have subcommands: the word after them is part of the path. */
function parents(commands: readonly Completed[]): string[] {
  return commands
    .filter(({ path, subcommands }) => path.length > 0 && subcommands.length > 0)
    .map(({ path }) => path.join(" "));
}

function bashScript(commands: readonly Completed[]): string {
  const values = commands.flatMap(({ path, options }) =>
    options
      .filter(({ choices }) => choices.length > 0)
      .map(
        ({ name, choices }) => `    ${quote([...path, `--${name}`].join(" "))}) words=${quote(choices.join(" "))} ;;`,
      ),
  );
  const words = commands.map(({ path, subcommands, options, choices }) => {
    const all = [...subcommands.map(({ name }) => name), ...choices, ...options.map(({ name }) => `--${name}`)];
    return `      ${quote(path.join(" "))}) words=${quote(all.join(" "))} ;;`;
  });
  return `# Completes lenet in bash.
_lenet() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path" in
      ""|${parents(commands).map(quote).join("|")}) [[ $word != -* ]] && path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $previous" in
${values.join("\n")}
    *) case "$path" in
${words.join("\n")}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _lenet lenet
`;
}

function zshScript(commands: readonly Completed[]): string {
  const plain = (text: string) => text.replace(/[[\]:]/g, " ");
  const functionName = (path: readonly string[]) => ["_lenet", ...path].join("_").replaceAll("-", "_");
  const bodies = commands.map(({ path, subcommands, options, choices }) => {
    const specs = options.map(({ name, description, takesValue, choices: values }) => {
      const value = takesValue ? `:value:${values.length > 0 ? `(${values.join(" ")})` : "_files"}` : "";
      return quote(`--${name}[${plain(description)}]${value}`);
    });
    if (subcommands.length === 0) {
      const rest = quote(choices.length > 0 ? `*:argument:(${choices.join(" ")})` : "*:file:_files");
      return `${functionName(path)}() {\n  _arguments ${[...specs, rest].join(" \\\n    ")}\n}`;
    }
    const names = subcommands.map(({ name, description }) => quote(`${name}:${plain(description)}`));
    const cases = subcommands.map(({ name }) => `      ${name}) ${functionName([...path, name])} ;;`);
    return `${functionName(path)}() {
  local state line
  local -a commands=(
    ${names.join("\n    ")}
  )
  _arguments -C ${[...specs, "'1:command:->command'", "'*::argument:->argument'"].join(" \\\n    ")}
  case $state in
    command) _describe command commands ;;
    argument) case $line[1] in
${cases.join("\n")}
    esac ;;
  esac
}`;
  });
  return `#compdef lenet\n# Completes lenet in zsh.\n${bodies.join("\n")}\n_lenet "$@"\n`;
}

function fishScript(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ path, subcommands, options, choices }) => {
    const names = subcommands.map(({ name }) => name);
    const isHere = ["__fish_use_subcommand", `__fish_seen_subcommand_from ${path[0]}`][Math.min(1, path.length)];
    const isBelow = path.length > 1 ? `; and __fish_seen_subcommand_from ${path[1]}` : "";
    const isAbove =
      path.length > 0 && names.length > 0 ? `; and not __fish_seen_subcommand_from ${names.join(" ")}` : "";
    const when = `-n ${quote(isHere + isBelow + isAbove)}`;
    return [
      ...subcommands.map(({ name, description }) => `complete -c lenet ${when} -f -a ${name} -d ${quote(description)}`),
      ...choices.map((choice) => `complete -c lenet ${when} -f -a ${quote(choice)}`),
      ...options.map(({ name, description, takesValue, choices: values }) => {
        const value = values.length > 0 ? ` -x -a ${quote(values.join(" "))}` : takesValue ? " -r" : "";
        return `complete -c lenet ${when} -l ${name}${value} -d ${quote(description)}`;
      }),
    ];
  });
  return `# Completes lenet in fish.\n${lines.join("\n")}\n`;
}
