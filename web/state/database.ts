/** What the page keeps: runs by their id, data sets by their checksum, drawings and answers by a name. */
export type StoreName = (typeof STORES)[number];

const NAME = "lenet-lab";
/** Whoever adds one counts the version up. */
const STORES = ["runs", "data", "drawings", "answers"] as const;
const VERSION = 2;

let opened: Promise<IDBDatabase | undefined> | undefined;

/** The page's database; undefined where the browser has none, as in some private windows. */
function database(): Promise<IDBDatabase | undefined> {
  opened ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        const { result } = request;
        for (const store of STORES) if (!result.objectStoreNames.contains(store)) result.createObjectStore(store);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(undefined);
      // An older version of the page is open in another tab.
      request.onblocked = () => resolve(undefined);
    } catch {
      resolve(undefined);
    }
  });
  return opened;
}

/** Stores a value under a key. Resolves to whether there was room. */
export async function store(name: StoreName, key: string, value: unknown): Promise<boolean> {
  const result = await ask(name, "readwrite", (all) => all.put(value, key));
  return result !== undefined;
}

/** All values of a store, in the order of their keys. */
export async function stored<Value>(name: StoreName): Promise<Value[]> {
  return (await ask<Value[]>(name, "readonly", (all) => all.getAll())) ?? [];
}

/** The keys of a store. */
export async function storedKeys(name: StoreName): Promise<string[]> {
  return ((await ask<IDBValidKey[]>(name, "readonly", (all) => all.getAllKeys())) ?? []).map(String);
}

/** The value under a key. */
export function storedAt<Value>(name: StoreName, key: string): Promise<Value | undefined> {
  return ask<Value>(name, "readonly", (all) => all.get(key));
}

export async function forget(name: StoreName, key: string): Promise<void> {
  await ask(name, "readwrite", (all) => all.delete(key));
}

/** The result of a request; undefined if it fails or there is no database. */
async function ask<Result>(
  name: StoreName,
  mode: IDBTransactionMode,
  request: (all: IDBObjectStore) => IDBRequest,
): Promise<Result | undefined> {
  const opened = await database();
  if (!opened) return undefined;
  return new Promise((resolve) => {
    try {
      const pending = request(opened.transaction(name, mode).objectStore(name));
      pending.onsuccess = () => resolve(pending.result as Result);
      pending.onerror = () => resolve(undefined);
    } catch {
      resolve(undefined);
    }
  });
}
