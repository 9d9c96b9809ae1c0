/** The `limit` items of the greatest weight, the greatest first, equal ones in their order. Of thousands a few are wanted, so they are not all sorted. */
export function most<T>(items: Iterable<T>, limit: number, weight: (item: T) => number): T[] {
  const found: { readonly item: T; readonly weight: number }[] = [];
  for (const item of items) {
    const own = weight(item);
    const least = found.at(-1);
    if (found.length >= limit && (least === undefined || least.weight >= own)) continue;
    let place = found.length;
    while (place > 0 && (found[place - 1]?.weight ?? own) < own) place--;
    found.splice(place, 0, { item, weight: own });
    if (found.length > limit) found.pop();
  }
  return found.map(({ item }) => item);
}
