/** What the package says of itself. */
export interface About {
  readonly version: string;
  readonly homepage: string;
}

export function versionText({ version }: About): string {
  return `fetch-pages ${version}\n`;
}
