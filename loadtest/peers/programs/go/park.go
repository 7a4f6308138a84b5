package main

import (
	"runtime"
	"sync"
)

// The bytes of heap and stacks that goroutines take while each waits on a channel of its own, after a collection.
func park(goroutines int) int {
	before := liveBytes()
	channels := make([]chan int, goroutines)
	ended := make(chan int)
	var begun sync.WaitGroup
	begun.Add(goroutines)
	for i := range channels {
		channels[i] = make(chan int)
		go wait(channels[i], ended, &begun)
	}
	begun.Wait()
	bytes := liveBytes() - before
	go release(channels)
	sum := 0
	for range channels {
		sum += <-ended
	}
	check("the values received", sum, goroutines)
	return bytes
}

func wait(channel, ended chan int, begun *sync.WaitGroup) {
	begun.Done()
	ended <- <-channel
}

func release(channels []chan int) {
	for _, channel := range channels {
		channel <- 1
	}
}

func liveBytes() int {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int(memory.HeapAlloc + memory.StackInuse)
}
