export function writeDigitFiles(folder: string, counts: { train: number; test: number }): Promise<void>;
