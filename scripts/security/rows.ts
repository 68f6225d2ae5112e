/** A promise under attack, and the tests that attack it. */
export type Row = {
  readonly row: string
  readonly promise: string
  /** A test file, and of it the tests whose names match; all of them without. */
  readonly attacks: readonly (readonly [file: string, named?: RegExp])[]
}

/** What measures what others notice has the machine to itself, when all other attacks are over. */
export const measuredAlone: ReadonlySet<string> = new Set(['test/neighbours/neighbours.test.ts'])

/** In the order of their numbers, which docs/security.md explains. */
export const rows: readonly Row[] = [
  {
    row: '1',
    promise: 'no forged signature opens the door',
    attacks: [['test/ssh/attacks.test.ts', /forged signatures|SHA-1/]],
  },
  {
    row: '2',
    promise: 'identity comes from the key that signed',
    attacks: [['test/ssh/attacks.test.ts', /identity comes/]],
  },
  {
    row: '3',
    promise: 'no shell on the host',
    attacks: [
      ['test/architecture.test.ts', /no shell/],
      ['test/command-line/words.test.ts'],
      ['test/shell/shell.test.ts'],
    ],
  },
  {
    row: '4',
    promise: 'every command, for each role, on own, foreign and absent apps',
    attacks: [['test/rights.test.ts']],
  },
  {
    row: '5',
    promise: "of a client's environment two names pass, and git's is constant",
    attacks: [
      ['test/ssh/door.test.ts', /of the environment/],
      ['test/git/receive-pack.test.ts', /environment/],
    ],
  },
  {
    row: '6',
    promise: 'no word of a person is an option of a program',
    attacks: [['test/attacks.test.ts', /begin with a dash/], ['test/git/repository-path.test.ts']],
  },
  {
    row: '7',
    promise: "another app's image cannot be named",
    attacks: [['test/attacks.test.ts', /image cannot be named/]],
  },
  {
    row: '8',
    promise: 'no privilege, host name space, device or socket in a container',
    attacks: [['test/docker/host-config.test.ts']],
  },
  { row: '9', promise: 'hostile trees are refused', attacks: [['test/git/tree.test.ts', /refused by/]] },
  {
    row: '10',
    promise: 'containers and builds reach nothing beyond the allow list',
    attacks: [['test/walls/walls.test.ts']],
  },
  {
    row: '11',
    promise: 'no database user reads another database',
    attacks: [['test/services/provisioning.test.ts', /pairs/]],
  },
  {
    row: '12',
    promise: "no spelling captures another app's domain",
    attacks: [['test/attacks.test.ts', /domain is taken/], ['test/state/domains.test.ts']],
  },
  {
    row: '13',
    promise: 'malformed packets end their own connection alone',
    attacks: [
      ['test/ssh/attacks.test.ts', /malformed|0 bytes/],
      ['test/ssh/fuzz.test.ts', /malformed/],
    ],
  },
  {
    row: '14',
    promise: 'silent connections end, and a login comes through beside them',
    attacks: [['test/ssh/attacks.test.ts', /silent connections/]],
  },
  {
    row: '15',
    promise: 'no compression, no costly exchange, few tries, few sessions',
    attacks: [
      ['test/ssh/attacks.test.ts', /too many keys|compression/],
      ['test/ssh/door.test.ts', /eleventh session|its limit|answers nothing/],
      ['test/ssh/clients.test.ts'],
    ],
  },
  {
    row: '16',
    promise: "a tree of 10^10 paths is refused while it is counted; the neighbours' p99 at most twice",
    attacks: [
      ['test/git/tree.test.ts', /unfolds|aborted/],
      ['test/neighbours/neighbours.test.ts', /bombs/],
    ],
  },
  {
    row: '17',
    promise: 'smuggled requests are refused or made plain',
    attacks: [['test/router/smuggling.test.ts'], ['test/router/requests.test.ts']],
  },
  {
    row: '18',
    promise: "colours alone reach the pusher's terminal",
    attacks: [['test/git/printable.test.ts'], ['test/git/receive-pack.test.ts', /colours/]],
  },
  {
    row: '19',
    promise: 'which apps exist is told by no word and no time: 20 ms',
    attacks: [['test/attacks.test.ts', /whether an app exists/]],
  },
  {
    row: '20',
    promise: 'no secret outside its container',
    attacks: [['test/secrets.test.ts'], ['test/state/cipher.test.ts'], ['test/state/master-key.test.ts']],
  },
  {
    row: '21',
    promise: "slow, huge and many requests: the other apps' p99 at most twice",
    attacks: [['test/router/body-limit.test.ts'], ['test/neighbours/neighbours.test.ts', /is attacked by/]],
  },
  {
    row: '22',
    promise:
      "forks, CPU, memory, logs, disk and builds: the neighbours' p99 at most twice, a command within 1 s",
    attacks: [
      ['test/deploy/processes.test.ts', /limits are real/],
      ['test/neighbours/neighbours.test.ts', /takes? all|slowed down/],
    ],
  },
  {
    row: '23',
    promise: 'the HTTP API opens to valid tokens alone, for what these may',
    attacks: [
      ['test/api/http-door.test.ts'],
      ['test/state/tokens.test.ts'],
      ['test/rights.test.ts', /token/],
    ],
  },
]
