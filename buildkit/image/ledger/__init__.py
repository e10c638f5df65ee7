"""What an image weighs and holds, read from its layers as the engine saves them: nothing of it is started.

`layer_files` reads a layer, `tree` lays them over each other, `owners` and `kinds` say whose and what each file is,
`elf` and `loading` judge whether its compiled files load, `found` what should not be there, `growth` what has changed.
"""
