import type { Registry } from '../../server/registry.ts'
import { bashCompletion } from './bash-completion.ts'
import { commandsPage } from './commands-page.ts'
import { fishCompletion } from './fish-completion.ts'
import { manualPage } from './manual-page.ts'
import { zshCompletion } from './zsh-completion.ts'

/** Path in the checkout -> text, of all that `make docs` writes: made of what the commands declare, and of nothing else. */
export const documents = (registry: Registry): Readonly<Record<string, string>> => ({
  'docs/commands.md': commandsPage(registry),
  'docs/paas.1': manualPage(registry),
  'completions/paas.bash': bashCompletion(registry),
  'completions/_paas': zshCompletion(registry),
  'completions/paas.fish': fishCompletion(registry),
})
