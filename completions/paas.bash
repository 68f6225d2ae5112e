# bash completion for paas. Made by `make docs`: change what the commands declare instead.
# Use: source it in ~/.bashrc, or put it into ~/.local/share/bash-completion/completions/ as `paas`.

_paas_apps() { SSH_ASKPASS=false SSH_ASKPASS_REQUIRE=force paas apps </dev/null 2>/dev/null; }

_paas() {
  local line current previous command= skip= word candidates=
  local -a words
  # bash splits at colons, and `config:set` is one word.
  line=${COMP_LINE:0:COMP_POINT}
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=${words[-1]}
  previous=${words[-2]}
  for word in "${words[@]:1:${#words[@]}-2}"; do
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
    candidates='access access:add access:remove apps listsites apps:clone apps:create create addsite apps:destroy destroy apps:exists apps:export apps:import apps:lock apps:locked apps:rename rename apps:report info dumpsite apps:unlock apps:use audit audit:verify autoscale autoscale:off autoscale:set backup builder builder:set builds builds:cancel builds:info builds:output certs certs:add certs:generate certs:remove certs:set checks checks:disable checks:enable checks:run checks:set checks:skip cleanup config config:clear config:export config:get config:import config:keys config:set config:unset cron:list cron cron:report cron:resume cron:run cron:suspend deploys deploys:attach deploys:cancel deploys:report deploys:set disk doctor domains domains:add domains:canonical domains:check domains:clear domains:remove domains:set drains drains:add drains:remove enter events git:from-archive git:from-image addimage git:report git git:set git:sync help commands keys ssh-keys keys:add keys:remove keys:rotate-master letsencrypt letsencrypt:auto-renew letsencrypt:disable letsencrypt:enable letsencrypt:set links links:add links:remove logs logs:set maintenance maintenance:custom-page maintenance:off maintenance:on mysql mysql:backup mysql:backups mysql:backups:download mysql:backups:restore mysql:backups:schedule mysql:clone mysql:connect mysql:create mysql:destroy mysql:exists mysql:export mysql:expose mysql:import mysql:info mysql:link mysql:links mysql:promote mysql:unexpose mysql:unlink nodes ports ports:add ports:remove ports:set ps ps:inspect ps:kill ps:rebuild deploysite ps:restart restart ps:scale scale ps:start ps:stop releases releases:diff releases:info releases:output releases:rollback rollback releases:set report resource resource:limit resource:limit-clear resource:reserve resource:reserve-clear restore router router:auth router:error-page router:redirect router:set routes listkeys routes:rebuild run run:detached run:list run:logs run:stop storage storage:backup storage:create storage:destroy storage:mount storage:restore storage:unmount tokens tokens:create tokens:revoke undo url urls open users users:remove version webhooks webhooks:add webhooks:remove webhooks:report webhooks:test why'
  elif [[ $current != -* ]]; then
    candidates=$(_paas_apps)
  else
    case $command in
      access:add) candidates='--role' ;;
      apps:clone) candidates='--skip-deploy' ;;
      apps:destroy|destroy) candidates='--confirm' ;;
      apps:report|info|apps:info|dumpsite) candidates='--all' ;;
      apps:use) candidates='--clear' ;;
      audit) candidates='--app --num --who' ;;
      autoscale|autoscale:report) candidates='--all' ;;
      autoscale:set) candidates='--queue --p95 --cpu' ;;
      backup) candidates='--with-keys --no-logs' ;;
      builds|builds:list) candidates='--num' ;;
      certs|certs:report|certs:info) candidates='--all' ;;
      checks|checks:report) candidates='--all' ;;
      cleanup) candidates='--build-cache' ;;
      config|config:show) candidates='--global --shell --merged --masked' ;;
      config:clear) candidates='--no-restart --confirm' ;;
      config:export) candidates='--format' ;;
      config:get) candidates='--global' ;;
      config:import) candidates='--replace --no-restart' ;;
      config:keys) candidates='--global' ;;
      config:set|config:add) candidates='--global --no-restart --encoded --file' ;;
      config:unset|config:remove) candidates='--global --no-restart' ;;
      cron:list|cron) candidates='--all' ;;
      cron:report) candidates='--num' ;;
      cron:run) candidates='--detach' ;;
      deploys|deploys:list) candidates='--num' ;;
      deploys:report) candidates='--all' ;;
      domains|domains:report|domains:list) candidates='--all' ;;
      domains:canonical) candidates='--reset' ;;
      drains|drains:list|drains:report) candidates='--all --global' ;;
      drains:add) candidates='--global --private' ;;
      drains:remove) candidates='--global' ;;
      enter|ps:exec) candidates='--no-tty' ;;
      events) candidates='--app --tail --num --type' ;;
      git:from-archive) candidates='--private' ;;
      git:from-image|addimage) candidates='--pull' ;;
      git:report|git) candidates='--all --dockerfile' ;;
      git:sync) candidates='--build-if-changes --build --private' ;;
      help|commands) candidates='--all' ;;
      keys:add|ssh-keys:add) candidates='--admin' ;;
      letsencrypt:auto-renew) candidates='--all' ;;
      links|links:list|links:report) candidates='--all' ;;
      links:add) candidates='--as --no-restart' ;;
      links:remove) candidates='--no-restart' ;;
      logs) candidates='--tail --num --ps --source --since --release' ;;
      maintenance|maintenance:report) candidates='--all' ;;
      maintenance:custom-page) candidates='--reset' ;;
      mysql:backups:restore) candidates='--confirm' ;;
      mysql:backups:schedule) candidates='--keep' ;;
      mysql:destroy) candidates='--confirm' ;;
      mysql:expose) candidates='--from' ;;
      mysql:info) candidates='--dsn' ;;
      mysql:link) candidates='--as --no-restart' ;;
      mysql:promote) candidates='--no-restart' ;;
      mysql:unlink) candidates='--no-restart' ;;
      ports|ports:list|ports:report) candidates='--all' ;;
      ps|ps:report) candidates='--all' ;;
      ps:inspect) candidates='--all' ;;
      ps:rebuild|deploysite) candidates='--all' ;;
      ps:restart|restart) candidates='--all' ;;
      ps:start) candidates='--all' ;;
      ps:stop) candidates='--all' ;;
      releases|releases:list) candidates='--num' ;;
      releases:rollback|rollback) candidates='--formation' ;;
      resource|resource:report) candidates='--all' ;;
      resource:limit) candidates='--cpu --memory --process-type' ;;
      resource:limit-clear) candidates='--process-type' ;;
      resource:reserve) candidates='--cpu --memory --process-type' ;;
      resource:reserve-clear) candidates='--process-type' ;;
      router|router:report) candidates='--all' ;;
      router:auth) candidates='--remove' ;;
      router:error-page) candidates='--reset' ;;
      run) candidates='--env --no-tty' ;;
      run:detached) candidates='--env --lifetime' ;;
      run:logs) candidates='--tail --num' ;;
      storage|storage:report|storage:list) candidates='--all' ;;
      storage:destroy) candidates='--confirm' ;;
      storage:mount) candidates='--container-dir --process-type --no-restart' ;;
      storage:unmount) candidates='--container-dir --no-restart' ;;
      tokens:create) candidates='--app --all --role --expires' ;;
      webhooks:add) candidates='--server --on --allow-private' ;;
      webhooks:report) candidates='--num' ;;
    esac
    candidates+=' --app --json --format --quiet --force --plan --help --version --trace'
  fi
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$current")
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${current%:*}:"}")
  fi
}

complete -F _paas paas
