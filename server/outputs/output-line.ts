/** One line that a job printed, as the person saw it, without colour. */
export type OutputLine = {
  /** From 1 on; where numbers are missing, lines were not kept. */
  readonly number: number
  /** RFC 3339 in UTC. */
  readonly at: string
  readonly text: string
}

export const formatOutputLine = ({ number, at, text }: OutputLine): string => `${number} ${at} ${text}\n`

/** The lines of a file, without what a crash has torn. */
export function parseOutputLines(content: string): readonly OutputLine[] {
  return content.split('\n').flatMap((line) => {
    const [, number, at, text] = /^(\d{1,15}) (\d{4}-\S{1,30}) (.*)$/s.exec(line) ?? []
    return at === undefined || text === undefined ? [] : [{ number: Number(number), at, text }]
  })
}
