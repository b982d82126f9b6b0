/**
 * All files of a sweep folder by their paths in it, without what differs between two equal sweeps: times and its name.
 *
 * @param name how the commands that trained it called the folder
 */
export function sweepContents(folder: string, name: string): Promise<ReadonlyMap<string, string>>;
