import type { Registry } from '../../server/registry.ts'
import { type CompletedFlag, completed, everywhere, quoted } from './completed.ts'

/** Completion of the client `paas` for zsh: commands, their options, and the apps that one may see. */
export function zshCompletion(registry: Registry): string {
  const commands = completed(registry)
  return `#compdef paas
# zsh completion for paas. Made by \`make docs\`: change what the commands declare instead.
# Use: put it as \`_paas\` into a folder of $fpath.

_paas_apps() {
  local -a apps
  apps=(\${(f)"$(SSH_ASKPASS=false SSH_ASKPASS_REQUIRE=force paas apps </dev/null 2>/dev/null)"})
  compadd -a apps
}

_paas() {
  local -a commands options
  local command= word
  integer skip=0
  commands=(
${commands
  .flatMap(({ offered, summary }) => offered.map((word) => `    ${described(word, summary)}`))
  .join('\n')}
  )
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if (( skip )); then skip=0; continue; fi
    case $word in
      -a|--app|-r|--remote) skip=1 ;;
      -*) ;;
      *) command=$word; break ;;
    esac
  done

  if [[ $words[CURRENT-1] == (-a|--app) ]]; then
    _paas_apps
  elif [[ -z $command ]]; then
    _describe command commands
  elif [[ $words[CURRENT] != -* ]]; then
    _paas_apps
  else
    options=(${options(everywhere)})
    case $command in
${commands
  .filter(({ flags }) => flags.length > 0)
  .map(({ words, flags }) => `      (${words.join('|')}) options+=(${options(flags)}) ;;`)
  .join('\n')}
    esac
    _describe option options
  fi
}

_paas "$@"
`
}

const options = (flags: readonly CompletedFlag[]): string =>
  flags.map(({ name, summary }) => described(`--${name}`, summary)).join(' ')

const described = (word: string, summary: string): string =>
  quoted(`${word.replaceAll(':', '\\:')}:${summary.replaceAll('\\', '\\\\')}`)
