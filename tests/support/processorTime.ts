/** The seconds that the processor has spent on this process: a busy machine can stop it for longer than any limit. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
