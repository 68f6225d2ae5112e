import { UserError } from '../errors.ts'

/** A Procfile: process type -> command line. Lines are `type: command`; `#` begins a comment line. */
export type Procfile = Readonly<Record<string, string>>

/** Throws `UserError` that names the first line that is wrong. */
export function parseProcfile(text: string): Procfile {
  const processes = new Map<string, string>()
  text.split(/\r?\n/).forEach((line, index) => {
    const content = line.trim()
    if (content === '' || content.startsWith('#')) return
    const match = /^([A-Za-z0-9_-]{1,30})\s*:\s*(\S.*)$/.exec(content)
    const [, type, command] = match ?? []
    const where = `Procfile, line ${index + 1}`
    if (!type || !command) {
      throw new UserError(`${where}: "${content.slice(0, 80)}" is not "type: command"`, {
        next: 'Write one process a line, such as: web: node server.js',
      })
    }
    if (processes.has(type))
      throw new UserError(`${where}: "${type}" stands there twice`, { next: 'Keep one of them' })
    processes.set(type, command)
  })
  if (processes.size === 0)
    throw new UserError('The Procfile names no process', { next: 'Add a line: web: COMMAND' })
  return Object.fromEntries(processes)
}
