import { isSafeHeader } from './policy/credentials.ts';
import type { Answer, TrailStep, WireRequest } from './ports.ts';

const REDACTED = '[redacted]';

/** An exchange as an archive keeps it. What may be a secret is not in it. */
export function trailStep(
  request: WireRequest,
  answer: Answer,
  startedWall: number,
  glanced: Pick<TrailStep, 'body' | 'bodyCut'>,
): TrailStep {
  const { url, method, body } = request;
  const { head, remoteAddress, sentHeaders = [] } = answer;
  return {
    url,
    method,
    requestHeaders: redacted(sentHeaders),
    ...(body === undefined ? undefined : { requestBody: body }),
    startedWall,
    head,
    ...(remoteAddress === undefined ? undefined : { remoteAddress }),
    ...glanced,
  };
}

function redacted(flat: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null);
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] ?? '';
    headers[name] = isSafeHeader(name) ? (flat[index + 1] ?? '') : REDACTED;
  }
  return headers;
}
