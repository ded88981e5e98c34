# What C needs: a stack, words of .data copied from the ROM, zeros in .bss.
    .section .start, "ax"
    .global start
start:
    la sp, stack
    la a0, data_start
    la a1, bss_start
    la a2, data_in_rom
1:  beq a0, a1, 2f
    lw a3, 0(a2)
    sw a3, 0(a0)
    addi a0, a0, 4
    addi a2, a2, 4
    j 1b
2:  la a1, bss_end
3:  beq a0, a1, 4f
    sw zero, 0(a0)
    addi a0, a0, 4
    j 3b
4:  call main
5:  j 5b
