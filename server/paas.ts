import type { Brakes } from './brakes/brakes.ts'
import type { BuildTurns } from './deploy/build-turns.ts'
import type { ConfigFiles } from './deploy/config-files.ts'
import type { Jobs } from './deploy/jobs.ts'
import type { Locks } from './deploy/locks.ts'
import type { Sandboxes } from './deploy/sandboxes.ts'
import type { Engine } from './docker/engine.ts'
import type { RunningDrains } from './drains/running-drains.ts'
import type { Events } from './events/events.ts'
import type { AppLogs } from './logs/app-logs.ts'
import type { FolderEvents } from './logs/folder-events.ts'
import type { Outputs } from './outputs/outputs.ts'
import type { Routes } from './redis/routes.ts'
import type { Secrets } from './secrets.ts'
import type { Provisioning } from './services/provisioning.ts'
import type { Settings } from './settings.ts'
import type { Store } from './state/store.ts'
import type { CertificateFiles } from './tls/certificate-files.ts'
import type { Challenges } from './tls/challenges.ts'
import type { Renewals } from './tls/renewals.ts'
import type { Walls } from './walls/walls.ts'

/** The parts of a running server, handed to whatever needs them. */
export type Paas = {
  readonly settings: Settings
  readonly store: Store
  readonly engine: Engine
  readonly routes: Routes
  readonly certificateFiles: CertificateFiles
  readonly configFiles: ConfigFiles
  readonly challenges: Challenges
  readonly renewals: Renewals
  readonly locks: Locks
  readonly buildTurns: BuildTurns
  readonly jobs: Jobs
  /** What deploys printed. */
  readonly outputs: Outputs
  /** What cron runs printed. */
  readonly cronOutputs: Outputs
  /** What apps' processes write. */
  readonly appLogs: AppLogs
  /** When the router has written requests of an app. */
  readonly requestEvents: FolderEvents
  readonly sandboxes: Sandboxes
  readonly provisioning: Provisioning
  readonly secrets: Secrets
  readonly walls: Walls
  readonly brakes: Brakes
  readonly events: Events
  readonly drains: RunningDrains
  /** Names of live containers whose identity and health this process has proved: only these are routed to. */
  readonly proved: Set<string>
  /** Live containers that fail a readiness check, and how: not routed to, for as long as they do. */
  readonly unready: Map<string, string>
  /** One line to the server's own log. */
  readonly log: (line: string) => void
  /** Ends every SSH connection that this key opened. */
  readonly endSessionsOf: (fingerprint: string) => Promise<void>
  /** Ends this process once whoever asked for it has been told, for its supervisor to start it anew. */
  readonly startAnew: () => void
  /** Aborts when the server shuts down. */
  readonly closing: AbortSignal
}
