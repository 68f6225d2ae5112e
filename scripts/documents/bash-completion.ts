import type { Registry } from '../../server/registry.ts'
import { type CompletedFlag, completed, everywhere, quoted } from './completed.ts'

/** Completion of the client `paas` for bash: commands, their options, and the apps that one may see. */
export function bashCompletion(registry: Registry): string {
  const commands = completed(registry)
  return `# bash completion for paas. Made by \`make docs\`: change what the commands declare instead.
# Use: source it in ~/.bashrc, or put it into ~/.local/share/bash-completion/completions/ as \`paas\`.

_paas_apps() { SSH_ASKPASS=false SSH_ASKPASS_REQUIRE=force paas apps </dev/null 2>/dev/null; }

_paas() {
  local line current previous command= skip= word candidates=
  local -a words
  # bash splits at colons, and \`config:set\` is one word.
  line=\${COMP_LINE:0:COMP_POINT}
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=\${words[-1]}
  previous=\${words[-2]}
  for word in "\${words[@]:1:\${#words[@]}-2}"; do
    if [[ $skip ]]; then skip=; continue; fi
    case $word in
      -a|--app|-r|--remote) skip=1 ;;
      -*) ;;
      *) command=$word; break ;;
    esac
  done

  if [[ $previous == -a || $previous == --app ]]; then
    candidates=$(_paas_apps)
  elif [[ ! $command ]]; then
    candidates=${quoted(commands.flatMap(({ offered }) => offered).join(' '))}
  elif [[ $current != -* ]]; then
    candidates=$(_paas_apps)
  else
    case $command in
${commands
  .filter(({ flags }) => flags.length > 0)
  .map(({ words, flags }) => `      ${words.join('|')}) candidates=${quoted(options(flags))} ;;`)
  .join('\n')}
    esac
    candidates+=${quoted(` ${options(everywhere)}`)}
  fi
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${current%:*}:"}")
  fi
}

complete -F _paas paas
`
}

const options = (flags: readonly CompletedFlag[]): string => flags.map(({ name }) => `--${name}`).join(' ')
