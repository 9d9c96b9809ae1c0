const MAX_LENGTH = 300;

/** One line for a person: no control (C0, C1, DEL) or direction-changing characters, no userinfo of a URL, cut to a bounded length. */
export function cleanText(text: string): string {
  const line = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/gi, '$1')
    .trim();
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
