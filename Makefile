# `make up` brings a bare Debian machine to a running server; `make demo` shows the whole way of a push.
# Settings: .env and the environment, see .env.example.

.PHONY: help up down status logs check test demo demo-wordpress install bench bench-router base-images chaos security soak docs
.SILENT:
.DEFAULT_GOAL := help

help:
	sed -n 's/^## //p' Makefile

## make up       install and start all that is missing; returns when SSH and HTTP answer
up:
	scripts/bootstrap
	scripts/run node scripts/up.ts

## make down     stop the instance (apps and the Docker Engine go on)
down:
	scripts/run node scripts/down.ts

## make status   what runs, since when, on which port
status:
	scripts/run node scripts/status.ts

## make logs     follow the logs of all our processes
logs:
	scripts/run node scripts/logs.ts

## make demo     make up, then push examples/hello and show scale, config and rollback
demo:
	scripts/bootstrap
	scripts/run node scripts/demo.ts

## make demo-wordpress  make up, then push examples/wordpress, install it, and show it on three containers
demo-wordpress:
	scripts/bootstrap
	scripts/run node scripts/demo-wordpress.ts

## make check    types, lint and format
check:
	scripts/bootstrap
	scripts/run tsc
	scripts/run biome check .

## make test     every test, against the real parts
test:
	scripts/bootstrap pebble:pebble nsupdate:bind9-dnsutils strace:strace
	scripts/run node scripts/test-parts.ts
	scripts/run vitest run

## make base-images  what buildpacks build on, where it is missing (STACK=node: that one alone)
base-images:
	scripts/bootstrap
	scripts/run node scripts/make-base-images.ts $(STACK)

## make docs     write docs/commands.md, the manual page and the completions anew, of what the commands declare
docs:
	scripts/run node scripts/make-docs.ts

## make install  systemd units for a real server (DESTDIR=folder only writes them)
install:
	scripts/bootstrap
	scripts/run node scripts/install.ts "$(DESTDIR)"

## make bench    compare with the same steps by hand
bench:
	scripts/bootstrap
	scripts/run node scripts/bench.ts

## make bench-router  the router beside nginx, and under swaps, restarts and slow clients (SECTIONS="speed swaps")
bench-router:
	scripts/bootstrap nginx:nginx-light wrk:wrk slowhttptest:slowhttptest
	scripts/run node scripts/bench-router.ts $(SECTIONS)

## make chaos    cause the faults that we promise to survive; a promise beside what was seen (SECTIONS="kill redis")
chaos:
	scripts/bootstrap
	scripts/run node scripts/chaos.ts $(SECTIONS)

## make security  attack what we promise to withstand; a promise beside what was measured (ROWS="7 12")
security:
	scripts/bootstrap
	scripts/bootstrap dbclient:dropbear-bin plink:putty-tools ssh-audit:ssh-audit strace:strace \
		/usr/lib/python3/dist-packages/paramiko/__init__.py:python3-paramiko || true
	scripts/run node scripts/security.ts $(ROWS)

## make soak     random commands against an instance of its own, compared with a model, for an hour (MINUTES=10 SEED=n)
soak:
	scripts/bootstrap
	scripts/run node scripts/soak.ts
