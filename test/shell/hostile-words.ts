import fc from 'fast-check'
import type { Command } from '../../server/command.ts'

/** Ways in which a shell would run `command`, were the word around it ever read by one. */
const wrappings: readonly ((command: string) => string)[] = [
  (command) => command,
  (command) => `$(${command})`,
  (command) => `\`${command}\``,
  (command) => `;${command};`,
  (command) => `x; ${command} #`,
  (command) => `| ${command}`,
  (command) => `&& ${command}`,
  (command) => `|| ${command} ||`,
  (command) => `& ${command} &`,
  (command) => `\n${command}\n`,
  (command) => `\r\n${command}\r\n`,
  (command) => `'; ${command}; '`,
  (command) => `"; ${command}; "`,
  (command) => `'$(${command})'`,
  (command) => `"$(${command})"`,
  (command) => `\\'; ${command}; \\'`,
  (command) => `'"'"'; ${command}; '"'"'`,
  (command) => `$(${command.replaceAll(' ', '$IFS')})`,
  (command) => `{${command.replaceAll(' ', ',')}}`,
  (command) => `<(${command})`,
  (command) => `() { :; }; ${command}`,
  (command) => `$((a[$(${command})]))`,
  (command) => `--upload-pack=${command}`,
  (command) => `-oProxyCommand=${command}`,
  (command) => `--exec=${command}`,
  (command) => `ext::sh -c ${command}`,
  (command) => `!${command}`,
  (command) => `%0a${command}%0a`,
]

/** How a word tries to leave a trace: an empty file below `folder`, whose name is the word's number. */
const touches: readonly ((file: string) => string)[] = [
  (file) => `touch ${file}`,
  (file) => `: > ${file}`,
  (file) => `echo>${file}`,
]

/** Generates words that leave a file below `folder` where a shell reads them; the same for the same seed. */
export function hostileWords(folder: string, seed: number): () => string {
  const around = fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    { weight: 2, arbitrary: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  )
  const shape = fc.tuple(around, fc.constantFrom(...wrappings), fc.constantFrom(...touches), around)
  const batch = 1_000
  let ready: ReturnType<typeof take> = []
  let made = 0
  const take = () => fc.sample(shape, { seed: seed + made, numRuns: batch })
  return () => {
    if (made % batch === 0) ready = take()
    const [before, wrap, touch, after] = ready[made % batch] ?? ['', wrappings[0], touches[0], '']
    made += 1
    // A NUL ends a word for every program; it is tried elsewhere, by itself.
    return `${before}${wrap?.(touch?.(`${folder}/${made}`) ?? '')}${after}`.replaceAll('\0', '')
  }
}

/** As the command line of ours, and a shell's, takes it for one word. */
export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** Makes a command line out of hostile words. */
export type Line = (word: () => string) => string

/** Everything of `name` that takes a person's word: the app, the arguments, the value of each flag. */
export function linesOf(name: string, command: Command, app: string): readonly Line[] {
  const ofApp = command.app === 'none' ? name : `${name} -a ${app}`
  const flags = Object.entries(command.flags ?? {}).filter(([, { value }]) => value !== undefined)
  return [
    ...(command.app === 'none' ? [] : [(word: () => string) => `${name} -a ${quoted(word())}`]),
    (word) => `${name} ${quoted(word())}`,
    // What runs its words in a container is asked elsewhere, once: each takes a while.
    ...(command.verbatim ? [] : [(word: () => string) => `${ofApp} -- ${quoted(word())}`]),
    ...flags.map(
      ([flag]): Line =>
        (word) =>
          `${ofApp} --${flag} ${quoted(word())}`,
    ),
  ]
}
