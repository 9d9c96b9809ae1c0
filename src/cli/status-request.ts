import { writeStderr } from './write-stream.ts';

/** Who answers SIGUSR1, at any time: a run puts itself here. Without a listener Node would start its debugger. */
export const statusRequest = {
  answer: (): void => void writeStderr('fetch-pages: nothing is being fetched yet\n'),
};
