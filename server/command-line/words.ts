import { UsageError } from '../errors.ts'

/**
 * Splits `line` into words as a POSIX shell does: blanks separate; '...' is literal; in "..." a backslash keeps
 * `$`, backquote, `"`, `\` and newline; elsewhere a backslash keeps the next character. Nothing is expanded.
 * (POSIX.1-2017, Shell Command Language, 2.2 Quoting.) Throws `UsageError` where a quote is not closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let position = 0
  const until = (quote: string): number => {
    const end = line.indexOf(quote, position)
    if (end < 0)
      throw new UsageError(`A ${quote} is not closed`, { next: `Close the quote, or escape it: \\${quote}` })
    return end
  }
  while (position < line.length) {
    const character = line.charAt(position++)
    if (character === "'") {
      const end = until("'")
      word = (word ?? '') + line.slice(position, end)
      position = end + 1
    } else if (character === '"') {
      word ??= ''
      for (;;) {
        const next = line.charAt(position++)
        if (next === '"') break
        if (next === '') until('"')
        const escaped = line.charAt(position)
        if (next !== '\\' || !'$`"\\\n'.includes(escaped) || escaped === '') word += next
        else {
          if (escaped !== '\n') word += escaped
          position++
        }
      }
    } else if (character === '\\') {
      const next = line.charAt(position++)
      if (next !== '\n') word = (word ?? '') + next
    } else if (' \t\n\r'.includes(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + character
    }
  }
  if (word !== undefined) words.push(word)
  return words
}
