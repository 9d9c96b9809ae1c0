import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a machine is set to do with a host name: /etc/nsswitch.conf, /etc/hosts and /etc/resolv.conf (nsswitch.conf(5), hosts(5), resolv.conf(5)). */
export interface NameSources {
  /** Beside files, names are looked up in the DNS, by nobody else before it. */
  readonly usesDns: boolean;
  /** In lower case. */
  readonly inHosts: ReadonlySet<string>;
  /** Dots that a name needs to be asked for as it is, before the search list. */
  readonly ndots: number;
  /** The name is tried with other endings when it is not found. */
  readonly searches: boolean;
}

/** Services that pass on whatever a name server can know: files are read here too, the others know of the local link and of this machine alone. */
const PASSING = /^(files|myhostname|mymachines|mdns[46]?(_minimal)?)$/;
/** systemd-resolved, which such a name server is itself: it says there what its service says. */
const STUBS: ReadonlySet<string> = new Set(['127.0.0.53', '127.0.0.54']);
const DEFAULT_NDOTS = 1;

/**
 * Reads the files anew.
 *
 * @param hostname this machine's: where nothing is said of a search list, its domain is one
 * @param folder where the files are
 */
export function readNameSources(hostname: string, folder = '/etc'): NameSources {
  const lines = (name: string) => readLines(join(folder, name));
  const words = lines('resolv.conf').map((line) => line.split(/\s+/));
  const servers = words.flatMap(([key, address]) => (key === 'nameserver' && address !== undefined ? [address] : []));
  const search = words.findLast(([key]) => key === 'search' || key === 'domain');
  const ndots = words.flatMap(([key, ...options]) => (key === 'options' ? options : [])).findLast(isNdots);
  return {
    usesDns: usesDns(lines('nsswitch.conf'), servers),
    inHosts: new Set(lines('hosts').flatMap((line) => line.toLowerCase().split(/\s+/).slice(1))),
    ndots: ndots === undefined ? DEFAULT_NDOTS : Number(ndots.slice('ndots:'.length)),
    searches: search === undefined ? hostname.includes('.') : search.slice(1).some((ending) => ending !== '.'),
  };
}

/** What the DNS says of this name first is what the system says of it. */
export function isAskedAsItIs({ usesDns, inHosts, ndots, searches }: NameSources, host: string): boolean {
  const name = host.replace(/\.$/, '');
  if (!usesDns || inHosts.has(name) || inHosts.has(host) || /(^|\.)(localhost|local)$/.test(name)) return false;
  const dots = name.split('.').length - 1;
  return dots > 0 && (!searches || host.endsWith('.') || dots >= ndots);
}

/** Nobody else is asked for a name that the DNS does not have. */
export function isDnsTheLast({ searches }: NameSources, host: string): boolean {
  return !searches || host.endsWith('.');
}

function usesDns(nsswitch: readonly string[], servers: readonly string[]): boolean {
  const line = nsswitch.findLast((one) => /^hosts\s*:/.test(one));
  // Without that line glibc reads the files and asks the DNS; musl never does anything else.
  if (line === undefined) return true;
  const services = line
    .slice(line.indexOf(':') + 1)
    .replace(/\[[^\]]*\]/g, ' ')
    .trim()
    .split(/\s+/);
  const before = services.slice(0, services.indexOf('dns'));
  const isStub = servers.length > 0 && servers.every((server) => STUBS.has(server));
  return services.includes('dns') && before.every((one) => PASSING.test(one) || (one === 'resolve' && isStub));
}

function isNdots(option: string): boolean {
  return /^ndots:\d{1,2}$/.test(option);
}

/** Without comments, none of them empty. A file that cannot be read says nothing. */
function readLines(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .map((line) => line.replace(/[#;].*/, '').trim())
    .filter((line) => line !== '');
}
