/**
 * Cuts SQL text that arrives in pieces into statements at each `;` outside quotes and comments. There are no
 * client commands and no DELIMITER: what stands in the text goes to the server or nowhere.
 */
export class Statements {
  #text = ''
  /** How far `#text` has been looked through. */
  #position = 0
  #inside: '' | "'" | '"' | '`' | '--' | '/*' = ''

  /** Nothing but blanks waits for its `;`. */
  get isEmpty(): boolean {
    return this.#text.trim() === ''
  }

  /** The statements that `more` completes, without their `;`. */
  take(more: string): readonly string[] {
    this.#text += more
    const found: string[] = []
    while (this.#position < this.#text.length && !this.#needsMore) this.#step(found)
    return found
  }

  /** What is left without a `;` at the end of the input. */
  rest(): string {
    return this.#inside === '' || this.#inside === '--' ? this.#text.trim() : this.#text
  }

  /** What this character means hangs on ones that are not here yet. */
  get #needsMore(): boolean {
    return this.#position > this.#text.length - 3 && '-/*\\'.includes(this.#text.charAt(this.#position))
  }

  #step(found: string[]): void {
    const character = this.#text.charAt(this.#position)
    const pair = this.#text.slice(this.#position, this.#position + 2)
    if (this.#inside === '') {
      if (character === ';') {
        this.#cut(found)
        return
      }
      if (character === "'" || character === '"' || character === '`') this.#inside = character
      else if (character === '#' || this.#isDashComment) this.#inside = '--'
      else if (pair === '/*') {
        this.#inside = '/*'
        this.#position++
      }
    } else if (this.#inside === '--') {
      if (character === '\n') this.#inside = ''
    } else if (this.#inside === '/*') {
      if (pair === '*/') {
        this.#inside = ''
        this.#position++
      }
    } else if (character === '\\' && this.#inside !== '`') this.#position++
    else if (character === this.#inside) this.#inside = ''
    this.#position++
  }

  /** `--` begins a comment only before a blank: `5--3` is arithmetic. */
  get #isDashComment(): boolean {
    return /^--\s/.test(this.#text.slice(this.#position, this.#position + 3))
  }

  #cut(found: string[]): void {
    const statement = this.#text.slice(0, this.#position).trim()
    if (statement !== '') found.push(statement)
    this.#text = this.#text.slice(this.#position + 1)
    this.#position = 0
  }
}
