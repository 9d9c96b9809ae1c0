/** Stands for the public internet. Nothing leaves the namespace. */
export const OUTSIDE_ADDRESS = '93.184.215.14';
export const OUTSIDE_PORT = 8081;
/** Of the server that nobody outside should be able to make us ask. */
export const INSIDE_PORT = 8080;

/** Besides 127.0.0.1 and ::1. */
export const INSIDE_ADDRESSES = [
  '10.0.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '192.0.0.8',
  '192.168.0.1',
  '198.18.0.1',
  '240.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::a00:1',
  '64:ff9b:1::1',
  '2002:7f00:1::1',
  '2002:a00:1::1',
  '2001:0:7f00:1::1',
  'fd00::1',
];

/** What the name server says: answers in turn, each of some addresses; the last answer stays. */
export const NAMES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  localhost: [['127.0.0.1']],
  'outside.test': [[OUTSIDE_ADDRESS]],
  'inside.test': [['127.0.0.1']],
  'metadata.test': [['169.254.169.254']],
  'mixed.test': [[OUTSIDE_ADDRESS, '127.0.0.1']],
  'mixed-first.test': [['127.0.0.1', OUTSIDE_ADDRESS]],
  'rebinds.test': [[OUTSIDE_ADDRESS], ['127.0.0.1']],
};

export interface WorldEnding {
  readonly code: number;
  readonly stderr: string;
  /** That the inside server accepted, at any address but the public one. */
  readonly insideConnections: number;
  /** Of each request that it got, the Host. */
  readonly insideHosts: readonly string[];
}
