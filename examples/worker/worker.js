let turn = 0

function work() {
  turn += 1
  console.log(`turn ${turn} is done`)
}

work()
const timer = setInterval(work, 1000)
process.on('SIGTERM', () => clearInterval(timer))
