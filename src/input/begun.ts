import { UsageError } from '../core/failure.ts';
import type { Input, InputItem } from '../core/page.ts';

/** What is said of lists in which every line is blank or a comment. */
export const NO_PAGE = 'There is no page in any list: every line is blank or a comment.';

/**
 * Waits for the first items of the lists and gives back the same input with them: so that a list with nothing in it is known before a store
 * is opened, which with --restart would empty it.
 *
 * @throws UsageError where there is none
 */
export async function begun(input: Input): Promise<Input> {
  const items = input[Symbol.asyncIterator]();
  let first: IteratorResult<readonly InputItem[]> | undefined = await items.next();
  if (first.done === true) throw new UsageError(NO_PAGE);
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const result = first ?? (await items.next());
        first = undefined;
        return result;
      },
      return: async () => {
        await items.return?.();
        return { done: true, value: undefined };
      },
    }),
  };
}
