export function findProgram(name: string): string | undefined;
export function findFirefox(): string | undefined;
export function findWebKit(): string | undefined;
