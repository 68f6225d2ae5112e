import type { Call, Command } from '../../command.ts'
import {
  changeConfig,
  decodeBytes,
  decodeValue,
  looksLikePair,
  parsePairs,
  readBytes,
  readInput,
} from '../../configuration.ts'
import { UsageError } from '../../errors.ts'
import { changeSharedConfig } from '../../shared-config-change.ts'
import { parseConfigName, type Variables } from '../../state/config.ts'
import { type ConfigFile, parseConfigFile } from '../../state/config-file.ts'

export default {
  summary: 'Set config vars and release them',
  right: 'develop',
  plans: true,
  app: 'required',
  shared: true,
  arguments: [
    {
      name: 'KEY=VALUE',
      required: true,
      repeats: true,
      audit: 'key',
      looks: (word) => looksLikePair(word) || /[A-Z_]/.test(word),
    },
  ],
  flags: {
    'no-restart': { summary: 'Keep it for the next release' },
    encoded: { summary: 'Values are base64' },
    file: {
      value: '/PATH',
      audit: 'whole',
      summary:
        'The value, of any bytes, is a file there in the containers; KEY in the environment is its path',
    },
  },
  aliases: ['config:add'],
  examples: [
    'config:set blog GREETING=hello',
    // The person's own shell takes the outer quotes away.
    `config:set blog "GREETING='good day'"`,
    'config:set blog KEY - < file',
    'config:set blog --file /run/secrets/google.json GOOGLE_FILE - < google.json',
    'config:set --no-restart A=1 B=2',
    'config:set --global PIP_INDEX_URL=https://pypi.example.com/simple',
  ],
  async run(call) {
    if (call.flags.has('file')) await setFile(call)
    else await setVars(call)
  },
} satisfies Command

async function setVars(call: Call): Promise<void> {
  const { words, flags } = call
  const [name, dash] = words
  const encoded = flags.has('encoded')
  const vars: Variables =
    words.length === 2 && dash === '-' && name !== undefined && !looksLikePair(name)
      ? { [parseConfigName(name)]: await readValue(call, name, encoded) }
      : parsePairs(words, encoded)
  const description = `Set ${Object.keys(vars).join(', ')}`
  if (flags.has('global')) changeSharedConfig(call, (config) => ({ ...config, ...vars }), description)
  else await changeConfig(call, (config) => ({ ...config, ...vars }), description)
}

async function readValue(call: Call, name: string, encoded: boolean): Promise<string> {
  const text = await readInput(call)
  return encoded ? decodeValue(name, text) : text
}

async function setFile(call: Call): Promise<void> {
  if (call.flags.has('global'))
    throw new UsageError('A file is for one app: --file and --global exclude each other', {
      next: 'Name the app: config:set APP --file /PATH KEY - < FILE',
    })
  const { name, file } = await readFile(call)
  await changeConfig(call, (config) => ({ ...config, [name]: file }), `Set ${name}, the file ${file.path}`)
}

/** `KEY=VALUE`, or `KEY` with or without a dash: then stdin has it. */
async function readFile(call: Call): Promise<{ readonly name: string; readonly file: ConfigFile }> {
  const { words, flags } = call
  const [word = '', dash = '-'] = words
  if (words.length > 2 || dash !== '-' || (words.length === 2 && looksLikePair(word)))
    throw new UsageError('--file sets one file at a time', {
      next: 'For instance: config:set --file /run/secrets/key.pem KEY - < key.pem',
    })
  const at = word.indexOf('=')
  const name = parseConfigName(at < 0 ? word : word.slice(0, at))
  const given = at < 0 ? await readBytes(call) : Buffer.from(word.slice(at + 1))
  const content = flags.has('encoded') ? decodeBytes(name, given.toString('utf8')) : given
  return { name, file: parseConfigFile(name, flags.value('file') ?? '', content) }
}
