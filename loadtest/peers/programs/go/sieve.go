package main

// Numbers up to a limit run through a row of filters, one for each prime found. The answer is the largest of them.
func sieve(limit, primes int) int {
	last := make(chan int)
	go count(limit, last)
	found, largest := 0, 0
	for prime, ok := <-last; ok; prime, ok = <-last {
		found++
		largest = prime
		next := make(chan int)
		go filter(prime, last, next)
		last = next
	}
	check("primes", found, primes)
	return largest
}

func count(limit int, to chan<- int) {
	for number := 2; number <= limit; number++ {
		to <- number
	}
	close(to)
}

func filter(prime int, from <-chan int, to chan<- int) {
	for number := range from {
		if number%prime != 0 {
			to <- number
		}
	}
	close(to)
}
