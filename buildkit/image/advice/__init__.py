"""What is wrong with the ignore rules of an image build, proved on the project's own files, and what to write instead.

finding    one thing that was found, and the change that cures it
scene      what the findings are made from, and what no proposal may take away
patterns   lines that do not mean what they seem to mean
dead       lines that never decide
places     ignore files that the builder does not read, sources that rules hide
waste      what is sent and no image needs
proposal   the ignore file with the changes made
"""
