import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAskedAsItIs, isDnsTheLast, readNameSources } from '../../src/net/name-sources.ts';
import { useWorkspace } from '../support/workspace.ts';

const work = useWorkspace();

interface Machine {
  readonly nsswitch?: string;
  readonly resolv?: string;
  readonly hosts?: string;
  readonly hostname?: string;
}

function sourcesOf({ nsswitch, resolv, hosts, hostname = 'box' }: Machine) {
  const files = { 'nsswitch.conf': nsswitch, 'resolv.conf': resolv, hosts };
  for (const [name, text] of Object.entries(files)) if (text !== undefined) work.write(name, [text]);
  return readNameSources(hostname, work.folder);
}

const asked = (machine: Machine, host: string) => isAskedAsItIs(sourcesOf(machine), host);

const STUB = 'nameserver 127.0.0.53\noptions edns0';

describe('who is asked for a name', () => {
  it.each<[prose: string, nsswitch: string | undefined, resolv: string, ofDns: boolean]>([
    ['no such file: the files, then the DNS', undefined, '', true],
    ['no such line', 'passwd: files', '', true],
    ['files, then the DNS', 'hosts: files dns', '', true],
    ['as Debian has it', 'hosts:          files mdns4_minimal [NOTFOUND=return] dns', '', true],
    ['as Debian has it with a comment', '# x\nhosts: files dns # myhostname ldap', '', true],
    ['files alone', 'hosts: files', '', false],
    ['a directory before the DNS', 'hosts: files ldap dns', '', false],
    ['a directory after it', 'hosts: files dns ldap', '', true],
    [
      'systemd-resolved, and its own name server',
      'hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns',
      STUB,
      true,
    ],
    ['systemd-resolved, and another', 'hosts: resolve files dns', 'nameserver 192.0.2.1', false],
    ['systemd-resolved, and none', 'hosts: resolve files dns', '', false],
  ])('%s', (_, nsswitch, resolv, ofDns) => {
    expect(asked({ ...(nsswitch === undefined ? {} : { nsswitch }), resolv }, 'www.example.org')).toBe(ofDns);
  });

  it.each<[prose: string, host: string, machine: Machine, ofDns: boolean]>([
    ['a name in /etc/hosts', 'API.example.org'.toLowerCase(), { hosts: '192.0.2.7 x API.Example.org # y' }, false],
    ['with a dot at its end', 'api.example.org.', { hosts: '192.0.2.7 api.example.org' }, false],
    ['a name after a # there', 'y.example.org', { hosts: '192.0.2.7 x # y.example.org' }, true],
    ['a name without a dot', 'intranet', {}, false],
    ['localhost', 'localhost', {}, false],
    ['a name under localhost (RFC 6761 §6.3)', 'a.localhost', {}, false],
    ['a name of the local link (RFC 6762 §3)', 'printer.local', {}, false],
    ['a name that ends like one', 'a.nonlocal', {}, true],
    [
      'fewer dots than ndots, in a cluster',
      'api.example.org',
      { resolv: 'search ns.svc cluster\noptions ndots:5' },
      false,
    ],
    ['the same with a dot at its end', 'api.example.org.', { resolv: 'search ns.svc\noptions ndots:5' }, true],
    ['the same without a search list', 'api.example.org', { resolv: 'options ndots:5' }, true],
    ['as many dots as ndots', 'a.b.c.d.e.org', { resolv: 'search x\noptions ndots:5' }, true],
    ['ndots that is no number', 'a.org', { resolv: 'search x\noptions ndots:many' }, true],
  ])('%s', (_, host, machine, ofDns) => {
    expect(asked(machine, host)).toBe(ofDns);
  });

  it.each<[prose: string, machine: Machine, host: string, isLast: boolean]>([
    ['no search list', { resolv: 'nameserver 192.0.2.1' }, 'a.org', true],
    ['a search list', { resolv: 'search example.org' }, 'a.org', false],
    ['a domain', { resolv: 'domain example.org' }, 'a.org', false],
    ['a search list of the root alone', { resolv: 'search .' }, 'a.org', true],
    ['none, but a machine with a domain', { hostname: 'box.example.org' }, 'a.org', false],
    ['a search list, and a dot at its end', { resolv: 'search example.org' }, 'a.org.', true],
  ])('a name that the DNS does not have is given up: %s', (_, machine, host, isLast) => {
    expect(isDnsTheLast(sourcesOf(machine), host)).toBe(isLast);
  });

  it('reads whatever is in the files', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.string(),
        fc.domain(),
        (nsswitch, resolv, hosts, host) => {
          expect(typeof asked({ nsswitch, resolv, hosts }, host)).toBe('boolean');
        },
      ),
      { numRuns: 50 },
    );
  });
});
