/** Progress for the person at the terminal: steps and details on stdout, trouble on stderr. */
export const say = {
  step: (text: string): void => write(process.stdout, '-----> ', text),
  heading: (text: string): void => write(process.stdout, '=====> ', text),
  detail: (text: string): void => write(process.stdout, '       ', text),
  trouble: (text: string): void => write(process.stderr, ' !     ', text),
}

// Whoever reads us may stop (`make up | head`); the work goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

function write(stream: NodeJS.WriteStream, prefix: string, text: string): void {
  for (const line of text.split('\n')) stream.write(`${prefix}${line}`.trimEnd().concat('\n'))
}
