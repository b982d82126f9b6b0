/** What the address says of this view; every name begins with the view's, so that no two views use the same. */
export const inspectFields = {};
