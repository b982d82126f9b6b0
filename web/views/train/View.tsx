/** The view "Train". */
export function View() {
  return <h1>Train</h1>;
}
