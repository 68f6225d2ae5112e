import type { Call } from './command.ts'
import { InterruptedError, UserError } from './errors.ts'

/**
 * Returns once the person has said that he means `name`: by --force, by --confirm NAME, or by typing it.
 * Throws `UserError` where he said something else, or could not be asked.
 */
export async function confirmName(call: Call, name: string, warning: string): Promise<void> {
  const { flags, out } = call
  if (flags.has('force')) return
  const given = flags.value('confirm') ?? (call.session.terminal && (await ask(call, name, warning)))
  if (given === name) return
  if (given === undefined) {
    throw new UserError(`${warning} Nothing was done.`, { next: `To do it: add --confirm ${name}` })
  }
  out.trouble(`"${given}" is not "${name}"`)
  throw new UserError('Nothing was done', { next: `To do it: add --confirm ${name}` })
}

async function ask(call: Call, name: string, warning: string): Promise<string> {
  const { stdin, out, session } = call
  out.trouble(warning)
  session.stdout.write(`       Type ${name} to go on: `)
  let answer = ''
  for await (const chunk of stdin) {
    for (const character of String(chunk)) {
      if (character === '\x03' || character === '\x04') throw new InterruptedError('Nothing was done')
      if (character === '\r' || character === '\n') {
        session.stdout.write('\r\n')
        return answer
      }
      if (character === '\x7f') {
        if (answer !== '') session.stdout.write('\b \b')
        answer = answer.slice(0, -1)
      } else if (character >= ' ') {
        session.stdout.write(character)
        answer += character
      }
    }
  }
  throw new InterruptedError('Nothing was done')
}
