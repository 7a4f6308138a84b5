package main

// The example of the Go announcement talk: n goroutines in a row, each adds one to what comes from its right.
func chain(n int) int {
	leftmost := make(chan int)
	right := leftmost
	for i := 0; i < n; i++ {
		left := right
		right = make(chan int)
		go link(left, right)
	}
	right <- 0
	answer := <-leftmost
	check("the answer", answer, n)
	return answer
}

func link(left, right chan int) {
	left <- 1 + <-right
}
