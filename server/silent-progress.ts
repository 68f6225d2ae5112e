import type { Progress } from './progress.ts'

/** For what the server does by itself: nobody is there to be told how it goes. */
export const silentProgress: Progress = {
  step: () => {},
  heading: () => {},
  detail: () => {},
  trouble: () => {},
}
