/**
 * What gives the terminal back and removes what is half written, where the process has to end at once. A run puts it here when there is
 * something to tidy.
 */
export const tidy = { leave: (): void => {} };
