{#
    Number, truth value or list of numbers; what is none, or out of bounds, is null.

    Arguments:
        column (str): number or list of numbers.
        type (str): a numeric type, boolean, or a list of a numeric type.
        argument (str): "least greatest", or nothing. A long identifier in a number column
            (a vendor wrote one into Acquisition Number) is out of bounds.
#}
{% macro keep_num(column, type, argument='') -%}
    {%- if type.endswith('[]') -%}
        {{ each(column, try_type('item', type[:-2])) }}
    {%- elif argument -%}
        {%- set least, greatest = argument.split(' ') -%}
        case
            when {{ try_type(column, type) }} between {{ least }} and {{ greatest }}
                then {{ try_type(column, type) }}
        end
    {%- else -%}
        {{ try_type(column, type) }}
    {%- endif -%}
{%- endmacro %}
