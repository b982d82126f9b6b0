/** The optional package, as far as it is used. */
declare module "webgpu" {
  export function create(options: readonly string[]): GPU;
}
