package main

// Two goroutines hand one ball to and fro over two unbuffered channels; each adds one to it.
func pingPong(roundTrips int) int {
	there, back := make(chan int), make(chan int)
	go pong(roundTrips, there, back)
	ball := 0
	for i := 0; i < roundTrips; i++ {
		there <- ball + 1
		ball = <-back
	}
	check("the ball", ball, 2*roundTrips)
	return ball
}

func pong(roundTrips int, there, back chan int) {
	for i := 0; i < roundTrips; i++ {
		back <- 1 + <-there
	}
}
